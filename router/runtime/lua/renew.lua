#!lua flags=allow-oom
-- Keep the lease, if it is still ours. PEXPIRE and not SET: this must work over maxmemory.
--
-- KEYS[1]  {d}:lease    KEYS[2]  {d}:meta
-- ARGV[1]  owner        ARGV[2]  epoch        ARGV[3]  milliseconds (0 gives the lease back)
-- Returns 1 when it was ours, else 0.
if redis.call('GET', KEYS[1]) ~= ARGV[1] or redis.call('HGET', KEYS[2], 'epoch') ~= ARGV[2] then
  return 0
end
if ARGV[3] == '0' then
  return redis.call('DEL', KEYS[1])
end
return redis.call('PEXPIRE', KEYS[1], ARGV[3])

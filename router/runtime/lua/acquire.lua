#!lua
-- Take the lease if nobody else has it. The epoch grows with every holder that is not still the same one.
--
-- KEYS[1]  {d}:lease   the owner, expires by itself
-- KEYS[2]  {d}:meta    hash: epoch
-- ARGV[1]  owner       ARGV[2]  milliseconds
-- Returns the epoch, or 0 when somebody else holds the lease.
local holder = redis.call('GET', KEYS[1])
if holder and holder ~= ARGV[1] then
  return 0
end
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
if holder then
  return tonumber(redis.call('HGET', KEYS[2], 'epoch'))
end
return redis.call('HINCRBY', KEYS[2], 'epoch', 1)

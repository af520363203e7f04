#!lua flags=allow-oom
-- Take the lease if nobody else has it. The epoch grows each time: what the same owner sent in an earlier tenure, and
-- arrives late, is as void as what anybody else sent.
--
-- Who takes it writes from now on, so this is where the data gets the shape of that node: a newer node that only
-- follows changes nothing for older ones, and an older one never takes over what a newer one has written.
--
-- KEYS[1]  {d}:lease   the owner, expires by itself
-- KEYS[2]  {d}:meta    hash: epoch, shape
-- ARGV[1]  owner       ARGV[2]  milliseconds     ARGV[3]  the shape that the owner writes
-- Returns the epoch, or 0 when somebody else holds the lease, or -1 when the data is of a newer shape.
local stored = tonumber(redis.call('HGET', KEYS[2], 'shape') or '0')
if stored > tonumber(ARGV[3]) then
  return -1
end
local holder = redis.call('GET', KEYS[1])
if holder and holder ~= ARGV[1] then
  return 0
end
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
if stored < tonumber(ARGV[3]) then
  redis.call('HSET', KEYS[2], 'shape', ARGV[3])
end
return redis.call('HINCRBY', KEYS[2], 'epoch', 1)

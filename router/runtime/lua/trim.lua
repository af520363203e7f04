#!lua flags=allow-oom
-- Let archived entries go. The newest one always stays: a follower behind it must find it to notice the hole.
--
-- KEYS[1]  {d}:meta     KEYS[2]  {d}:events
-- ARGV[1]  position up to which everything is archived
-- Returns how many entries went.
local newest = tonumber(redis.call('HGET', KEYS[1], 'position') or '0')
return redis.call('XTRIM', KEYS[2], 'MINID', math.min(tonumber(ARGV[1]) + 1, newest) .. '-0')

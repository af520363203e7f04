#!lua
-- Say which shape the domain's data has, and note ours. Changes nothing when the stored one is newer.
--
-- KEYS[1]  {d}:meta     hash: shape, epoch, position, digest, command, at, submitted
-- ARGV[1]  the shape of this node
-- Returns the shape that was stored (0: none).
local stored = tonumber(redis.call('HGET', KEYS[1], 'shape') or '0')
if stored < tonumber(ARGV[1]) then
  redis.call('HSET', KEYS[1], 'shape', ARGV[1])
end
return stored

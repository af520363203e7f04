#!lua flags=allow-oom
-- Say that everything up to a position is on as many replicas as were asked for. Never goes back.
--
-- KEYS[1]  {d}:meta    hash: safe
-- KEYS[2]  {d}:safe    stream of one entry, id <position>-0: what followers block on
-- ARGV[1]  position
-- Returns the safe position.
local before = tonumber(redis.call('HGET', KEYS[1], 'safe') or '0')
local position = tonumber(ARGV[1])
if position <= before then
  return before
end
redis.call('XADD', KEYS[2], 'MAXLEN', '=', 1, position .. '-0', 'p', position)
redis.call('HSET', KEYS[1], 'safe', position)
return position

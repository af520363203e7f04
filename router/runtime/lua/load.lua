#!lua flags=no-writes
-- Everything at one instant. One call, since two would need a position that stands still.
--
-- KEYS[1]  {d}:meta      KEYS[2]  {d}:records
-- Returns position, digest, command, epoch, at, and the records as (field, value)*.
local meta = redis.call('HMGET', KEYS[1], 'position', 'digest', 'command', 'epoch', 'at')
return { meta[1] or '0', meta[2] or '', meta[3] or '0', meta[4] or '0', meta[5] or '0', redis.call('HGETALL', KEYS[2]) }

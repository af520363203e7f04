#!lua flags=allow-oom
-- Acknowledge outbox entries, and trim what every group has finished. Trimming by the lowest unfinished id and never
-- by length: XTRIM would also remove entries that are still pending.
--
-- KEYS[1]  {d}:outbox:<channel>
-- ARGV[1]  group, then ids
-- Returns how many were acknowledged.
local acked = redis.call('XACK', KEYS[1], unpack(ARGV))

local function parts(id)
  local ms, seq = string.match(id, '^(%d+)-(%d+)$')
  return tonumber(ms), tonumber(seq)
end

local low_ms, low_seq
for _, info in ipairs(redis.call('XINFO', 'GROUPS', KEYS[1])) do
  local group = {}
  for i = 1, #info, 2 do
    group[info[i]] = info[i + 1]
  end
  local ms, seq = parts(group['last-delivered-id'])
  seq = seq + 1
  if group['pending'] > 0 then
    ms, seq = parts(redis.call('XPENDING', KEYS[1], group['name'])[2])
  end
  if not low_ms or ms < low_ms or (ms == low_ms and seq < low_seq) then
    low_ms, low_seq = ms, seq
  end
end
if low_ms then
  redis.call('XTRIM', KEYS[1], 'MINID', string.format('%.0f-%.0f', low_ms, low_seq))
end
return acked

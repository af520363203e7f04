#!lua flags=allow-oom
-- Make commands durable, in order: the dense command position is the id of the stream entry.
--
-- KEYS[1]  {d}:meta       hash: submitted = last position given, command = last position decided
-- KEYS[2]  {d}:commands   stream, ids <position>-0, field d = the wire Submission
-- ARGV[1]  key prefix '{d}:'; touched besides: <prefix>key:<key> = '<position> <fingerprint>', <prefix>content:<id>
-- ARGV[2]  seconds that a key is kept
-- ARGV[3]  undecided commands that may wait
-- ARGV[4]  number of commands; for each follow: key, fingerprint, data, number of contents, then (id, bytes) each
-- Returns position and state for each: 0 = new, 1 = there already, 2 = the key is another command's.
-- `allow-oom`: over maxmemory agents still finish their work, and so make room. What is new is refused before it comes
-- here (`router/runtime/room.py`), and earlier.
local prefix, ttl, room, count = ARGV[1], ARGV[2], tonumber(ARGV[3]), tonumber(ARGV[4])
local meta = redis.call('HMGET', KEYS[1], 'submitted', 'command')
local position = tonumber(meta[1] or '0')
if position + count - tonumber(meta[2] or '0') > room then
  return redis.error_reply('FULL too many undecided commands')
end

local reply, fresh, seen, at = {}, {}, {}, 5
for _ = 1, count do
  local key, fingerprint, contents = prefix .. 'key:' .. ARGV[at], ARGV[at + 1], tonumber(ARGV[at + 3])
  local known = seen[key] or redis.call('GET', key)
  if known then
    local placed, same = string.match(known, '^(%d+) (.*)$')
    reply[#reply + 1] = tonumber(placed)
    reply[#reply + 1] = same == fingerprint and 1 or 2
  else
    position = position + 1
    seen[key] = position .. ' ' .. fingerprint
    fresh[#fresh + 1] = { position, at, key }
    reply[#reply + 1] = position
    reply[#reply + 1] = 0
  end
  at = at + 4 + 2 * contents
end
if at ~= #ARGV + 1 then
  return redis.error_reply('ARGUMENTS do not add up')
end

for _, put in ipairs(fresh) do
  local from = put[2]
  redis.call('XADD', KEYS[2], put[1] .. '-0', 'd', ARGV[from + 2])
  redis.call('SET', put[3], seen[put[3]], 'EX', ttl)
  for content = from + 4, from + 3 + 2 * tonumber(ARGV[from + 3]), 2 do
    redis.call('SET', prefix .. 'content:' .. ARGV[content], ARGV[content + 1])
  end
end
-- Written also for duplicates: a WAIT after a call that wrote nothing waits for nothing.
redis.call('HSET', KEYS[1], 'submitted', position)
return reply

#!lua flags=allow-oom
-- One fenced step of the writer: everything below happens, or nothing. Redis does not roll back, so whatever could
-- be refused is refused before the first write; the entry is appended first, since only XADD still may.
--
-- KEYS[1]  {d}:meta       hash: epoch, position, digest, command, at
-- KEYS[2]  {d}:events     stream, ids <last position>-0: d = the wire Entry, f = first position, h = digest
-- KEYS[3]  {d}:records    hash: <kind>/<id> -> record
-- KEYS[4]  {d}:commands   stream, trimmed up to the last decided command
-- ARGV[1]  key prefix '{d}:'; touched besides: <prefix>outcome:<key>, <prefix>outbox:<channel>
-- ARGV[2]  epoch     ARGV[3]  expected position     ARGV[4]  last position
-- ARGV[5]  digest of the entry before     ARGV[6]  digest of this one     ARGV[7]  data of this one
-- ARGV[8]  last decided command     ARGV[9]  instant     ARGV[10]  seconds that outcomes are kept
-- ARGV[11] fields written by one HSET or HDEL (even)
-- ARGV[12] records put     ARGV[13] records dropped     ARGV[14] outcomes     ARGV[15] outbox entries
-- then: put records (field, value)*, dropped records (field)*, outcomes (key, value)*, outbox (channel, position, body)*
--
-- `allow-oom`: over maxmemory intake is refused, but what was accepted is still decided.
local prefix, epoch, expected, last = ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3]), tonumber(ARGV[4])
local command, at, chunk = tonumber(ARGV[8]), tonumber(ARGV[9]), tonumber(ARGV[11])
local puts, drops, outcomes, outs = tonumber(ARGV[12]), tonumber(ARGV[13]), tonumber(ARGV[14]), tonumber(ARGV[15])

local meta = redis.call('HMGET', KEYS[1], 'epoch', 'position', 'digest', 'command')
if tonumber(meta[1] or '0') ~= epoch then
  return redis.error_reply('FENCED epoch is ' .. (meta[1] or '0'))
end
if tonumber(meta[2] or '0') ~= expected or (meta[3] or '') ~= ARGV[5] then
  return redis.error_reply('FENCED position is ' .. (meta[2] or '0'))
end
if last < expected or command < tonumber(meta[4] or '0') or not at or chunk < 2 then
  return redis.error_reply('ARGUMENTS go backwards')
end
if #ARGV ~= 15 + 2 * puts + drops + 2 * outcomes + 3 * outs then
  return redis.error_reply('ARGUMENTS do not add up')
end

if last > expected then
  redis.call('XADD', KEYS[2], ARGV[4] .. '-0', 'f', expected + 1, 'h', ARGV[6], 'd', ARGV[7])
end
local from = 16
local till = from + 2 * puts
for i = from, till - 1, chunk do
  redis.call('HSET', KEYS[3], unpack(ARGV, i, math.min(i + chunk, till) - 1))
end
from, till = till, till + drops
for i = from, till - 1, chunk do
  redis.call('HDEL', KEYS[3], unpack(ARGV, i, math.min(i + chunk, till) - 1))
end
from, till = till, till + 2 * outcomes
for i = from, till - 1, 2 do
  redis.call('SET', prefix .. 'outcome:' .. ARGV[i], ARGV[i + 1], 'EX', ARGV[10])
end
from, till = till, till + 3 * outs
for i = from, till - 1, 3 do
  redis.call('XADD', prefix .. 'outbox:' .. ARGV[i], '*', 'p', ARGV[i + 1], 'b', ARGV[i + 2])
end
redis.call('HSET', KEYS[1], 'position', ARGV[4], 'digest', ARGV[6], 'command', ARGV[8], 'at', ARGV[9])
redis.call('XTRIM', KEYS[4], 'MINID', (command + 1) .. '-0')
return 1

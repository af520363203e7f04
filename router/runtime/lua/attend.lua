#!lua flags=allow-oom
-- Say that a node is there, and hear who else is. Who has not said so in time is forgotten.
--
-- KEYS[1]  {d}:nodes   hash: name -> '<ms of this server's clock until which it counts> <what it says of itself>'
-- ARGV[1]  name        ARGV[2]  milliseconds (0: it leaves)     ARGV[3]  what it says of itself
-- Returns (name, what it says)* of all that are there.
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
if ARGV[2] == '0' then
  redis.call('HDEL', KEYS[1], ARGV[1])
else
  redis.call('HSET', KEYS[1], ARGV[1], string.format('%.0f %s', now + ARGV[2], ARGV[3]))
end
local there, kept = {}, redis.call('HGETALL', KEYS[1])
for i = 1, #kept, 2 do
  local till, about = string.match(kept[i + 1], '^(%d+) (.*)$')
  if tonumber(till) > now then
    there[#there + 1] = kept[i]
    there[#there + 1] = about
  else
    redis.call('HDEL', KEYS[1], kept[i])
  end
end
return there

-- One fenced group commit, as bare as it can be.
-- KEYS: token, events stream, records hash, position
-- ARGV: token, expected position, new position, packed events, number of records, id, record, ..., id to drop, ...
if redis.call('GET', KEYS[1]) ~= ARGV[1] then
  return redis.error_reply('FENCED another token')
end
if (redis.call('GET', KEYS[4]) or '0') ~= ARGV[2] then
  return redis.error_reply('FENCED another position')
end
redis.call('XADD', KEYS[2], 'MAXLEN', '~', 50000, ARGV[3] .. '-0', 'd', ARGV[4])
local records = tonumber(ARGV[5])
local last = 5 + 2 * records
if records > 0 then
  redis.call('HSET', KEYS[3], unpack(ARGV, 6, last))
end
if #ARGV > last then
  redis.call('HDEL', KEYS[3], unpack(ARGV, last + 1))
end
redis.call('SET', KEYS[4], ARGV[3])
return 'OK'

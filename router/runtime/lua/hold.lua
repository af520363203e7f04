#!lua flags=allow-oom
-- Take, keep or give back a duty. It keeps two nodes from doing the same work; it does not fence (see commit.lua).
--
-- KEYS[1]  {d}:duty:<name>   the owner, expires by itself
-- KEYS[2]  {d}:duties        set of the names that ever were taken
-- ARGV[1]  owner             ARGV[2]  milliseconds (0 gives it back)     ARGV[3]  name
-- Returns 1 when it is the owner's now, else 0.
local holder = redis.call('GET', KEYS[1])
if holder and holder ~= ARGV[1] then
  return 0
end
if ARGV[2] == '0' then
  redis.call('DEL', KEYS[1])
  return 0
end
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
redis.call('SADD', KEYS[2], ARGV[3])
return 1

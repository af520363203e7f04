#!lua flags=allow-oom
-- Count that a command made a writer die: also over maxmemory, where a plain INCR would be refused, and the command
-- would make one writer after the other die.
--
-- KEYS[1]  {d}:crash:<command>     ARGV[1]  seconds that the count is kept
-- Returns how often it has.
local count = redis.call('INCR', KEYS[1])
redis.call('EXPIRE', KEYS[1], ARGV[1])
return count

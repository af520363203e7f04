#!lua flags=allow-oom
-- Say that a gateway lives: also over maxmemory, where a plain SET would be refused and its agents would be lost.
--
-- KEYS[1]  {d}:gateway:<id>     ARGV[1]  milliseconds
return redis.call('SET', KEYS[1], '1', 'PX', ARGV[1])

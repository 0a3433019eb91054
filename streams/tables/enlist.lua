-- Puts one value into a list until its end, and drops what has ended.
-- KEYS[1] the list (sorted set: value by its end, ms)
-- ARGV    now (ms), the end of the value (ms), the value, how many stay (those that end last),
--         how long the key lives at most (ms); it goes with the last of its values
local now, ends = tonumber(ARGV[1]), tonumber(ARGV[2])
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', ARGV[1])
if ends > now then
  redis.call('ZADD', KEYS[1], ARGV[2], ARGV[3])
end
redis.call('ZREMRANGEBYRANK', KEYS[1], 0, -tonumber(ARGV[4]) - 1)
local last = redis.call('ZRANGE', KEYS[1], -1, -1, 'WITHSCORES')[2]
if last then
  redis.call('PEXPIRE', KEYS[1], string.format('%.0f', math.min(tonumber(last) - now, tonumber(ARGV[5]))))
end
return 1

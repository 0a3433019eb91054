-- Gives a reserved place for good. Again is the same; a place already used stays used.
-- KEYS[1] places reserved, KEYS[2] places given (sorted sets, see reserve.lua)
-- ARGV    token, end of the coupon (ms), how long the keys live (ms)
redis.call('ZREM', KEYS[1], ARGV[1])
redis.call('ZADD', KEYS[2], 'NX', ARGV[2], ARGV[1])
redis.call('PEXPIRE', KEYS[2], ARGV[3])
return 1

-- Reserves one place of a limited campaign.
-- KEYS[1] places reserved (sorted set: token by deadline, ms), KEYS[2] places given (token by end of the coupon, ms)
-- ARGV    token, how many places there are, now (ms), deadline (ms), how long the keys live (ms)
-- returns 1 where the token has a place now, 0 where none was left
redis.call('ZREMRANGEBYSCORE', KEYS[2], '-inf', ARGV[3])
if redis.call('ZSCORE', KEYS[2], ARGV[1]) then
  return 1
end
if redis.call('ZSCORE', KEYS[1], ARGV[1]) then
  redis.call('ZADD', KEYS[1], ARGV[4], ARGV[1])
  return 1
end
if redis.call('ZCARD', KEYS[1]) + redis.call('ZCARD', KEYS[2]) >= tonumber(ARGV[2]) then
  return 0
end
redis.call('ZADD', KEYS[1], ARGV[4], ARGV[1])
redis.call('PEXPIRE', KEYS[1], ARGV[5])
return 1

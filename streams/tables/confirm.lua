-- Gives a reserved place for good, and one that a sweep gave back too early as well. Again is the same; a place already
-- used stays used.
-- KEYS[1] what is reserved, KEYS[2] places taken, KEYS[3] money taken (see reserve.lua)
-- ARGV    token, end of the coupon (ms), cents that it takes, how long the keys live (ms)
local was_reserved = redis.call('ZREM', KEYS[1], ARGV[1]) == 1
if was_reserved or not redis.call('ZSCORE', KEYS[2], ARGV[1]) then
  redis.call('ZADD', KEYS[2], ARGV[2], ARGV[1])
  local more = tonumber(ARGV[3]) - tonumber(redis.call('HGET', KEYS[3], ARGV[1]) or 0)
  if more ~= 0 then
    redis.call('HSET', KEYS[3], ARGV[1], ARGV[3])
    redis.call('HINCRBY', KEYS[3], '', more)
  end
end
redis.call('PEXPIRE', KEYS[2], ARGV[4])
redis.call('PEXPIRE', KEYS[3], ARGV[4])
return 1

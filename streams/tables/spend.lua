-- Moves the end of a place that is taken, and says what it takes of the money.
-- KEYS[1] places taken, KEYS[2] money taken (see reserve.lua)
-- ARGV    token, its end (ms, or +inf: it never comes back), cents, how long the keys live (ms)
if redis.call('ZSCORE', KEYS[1], ARGV[1]) then
  redis.call('ZADD', KEYS[1], ARGV[2], ARGV[1])
  local more = tonumber(ARGV[3]) - tonumber(redis.call('HGET', KEYS[2], ARGV[1]) or 0)
  if more ~= 0 then
    redis.call('HSET', KEYS[2], ARGV[1], ARGV[3])
    redis.call('HINCRBY', KEYS[2], '', more)
  end
  redis.call('PEXPIRE', KEYS[1], ARGV[4])
  redis.call('PEXPIRE', KEYS[2], ARGV[4])
end
return 1

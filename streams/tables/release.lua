-- Gives a reserved place and its money back; one that was given stays given.
-- KEYS[1] what is reserved, KEYS[2] places taken, KEYS[3] money taken (see reserve.lua)
-- ARGV    token
if redis.call('ZREM', KEYS[1], ARGV[1]) == 1 then
  redis.call('ZREM', KEYS[2], ARGV[1])
  local cents = redis.call('HGET', KEYS[3], ARGV[1])
  if cents then
    redis.call('HDEL', KEYS[3], ARGV[1])
    redis.call('HINCRBY', KEYS[3], '', 0 - tonumber(cents))
  end
end
return 1

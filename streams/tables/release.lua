-- Gives a reserved place and its money back; one that was given stays given.
-- KEYS[1] what is reserved, KEYS[2] places taken, KEYS[3] money taken (see reserve.lua)
-- ARGV    token, and the time (ms) before which its deadline must lie ('' whatever it is): a sweep that found nobody
--         behind a place must not take it from one who has asked for it again since
local deadline = redis.call('ZSCORE', KEYS[1], ARGV[1])
if deadline and (ARGV[2] == '' or tonumber(deadline) < tonumber(ARGV[2])) then
  redis.call('ZREM', KEYS[1], ARGV[1])
  redis.call('ZREM', KEYS[2], ARGV[1])
  local cents = redis.call('HGET', KEYS[3], ARGV[1])
  if cents then
    redis.call('HDEL', KEYS[3], ARGV[1])
    redis.call('HINCRBY', KEYS[3], '', 0 - tonumber(cents))
  end
end
return 1

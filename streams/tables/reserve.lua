-- Reserves one place, and its money, in one share of a limited campaign.
-- KEYS[1] what is reserved of the campaign (sorted set: token by deadline, ms)
-- KEYS[2] places taken of the share (sorted set: token by its end, ms; +inf while reserved, and once used)
-- KEYS[3] money taken of the share (hash: cents by token; under '' their sum)
-- ARGV    token, how many places there are ('' without limit), cents asked for, cents there are ('' without limit),
--         now (ms), deadline (ms), how long the keys live (ms)
-- returns 1 where the token has a place now, 0 where no place was left, -1 where too little money was
local token, asked, now = ARGV[1], tonumber(ARGV[3]), ARGV[5]
for _, ended in ipairs(redis.call('ZRANGEBYSCORE', KEYS[2], '-inf', now)) do
  local cents = redis.call('HGET', KEYS[3], ended)
  redis.call('ZREM', KEYS[2], ended)
  if cents then
    redis.call('HDEL', KEYS[3], ended)
    redis.call('HINCRBY', KEYS[3], '', 0 - tonumber(cents))
  end
end
local has = redis.call('ZSCORE', KEYS[2], token)
if has and not redis.call('ZSCORE', KEYS[1], token) then
  return 1
end
if not has and ARGV[2] ~= '' and redis.call('ZCARD', KEYS[2]) >= tonumber(ARGV[2]) then
  return 0
end
local own = tonumber(redis.call('HGET', KEYS[3], token) or 0)
local more = asked - own
if ARGV[4] ~= '' and tonumber(redis.call('HGET', KEYS[3], '') or 0) + more > tonumber(ARGV[4]) then
  return -1
end
redis.call('ZADD', KEYS[1], ARGV[6], token)
redis.call('ZADD', KEYS[2], '+inf', token)
if more ~= 0 then
  redis.call('HSET', KEYS[3], token, asked)
  redis.call('HINCRBY', KEYS[3], '', more)
end
for _, key in ipairs(KEYS) do
  redis.call('PEXPIRE', key, ARGV[7])
end
return 1

-- Replaces groups of keys, each group whole or not at all.
-- KEYS    the keys of all groups, one after the other
-- ARGV    for each group: how many keys it has; then for each of its keys
--           what it must hold now ('' for a key that is not there; no value is empty)
--           what to write: '=' nothing, '-' delete, '+' and the value
--           how long it then lives, in milliseconds
-- returns for each group 1 where it was written, 0 where something had changed
local answers, key, arg = {}, 1, 1
while arg <= #ARGV do
  local size = tonumber(ARGV[arg])
  local same = true
  for each = 0, size - 1 do
    if (redis.call('GET', KEYS[key + each]) or '') ~= ARGV[arg + 1 + 3 * each] then
      same = false
      break
    end
  end
  if same then
    for each = 0, size - 1 do
      local written = ARGV[arg + 2 + 3 * each]
      local mode = string.sub(written, 1, 1)
      if mode == '+' then
        redis.call('SET', KEYS[key + each], string.sub(written, 2), 'PX', ARGV[arg + 3 + 3 * each])
      elseif mode == '-' then
        redis.call('DEL', KEYS[key + each])
      end
    end
  end
  answers[#answers + 1] = same and 1 or 0
  key = key + size
  arg = arg + 1 + 3 * size
end
return answers

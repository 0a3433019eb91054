-- Saves the presence of devices, each unless something came between since it was read.
-- KEYS  for each device: its presence, its admission
-- ARGV  how long a presence is kept (ms); then for each device
--         how its presence must begin ('' for one that is not there)
--         what its admission must be ('' for one that is not there)
--         its new presence
-- returns for each device 1 where it was saved, 0 where it was not
local answers = {}
for each = 1, #KEYS / 2 do
  local head, admission, presence = ARGV[3 * each - 1], ARGV[3 * each], ARGV[3 * each + 1]
  local length = math.max(string.len(head), 1)
  local same = redis.call('GETRANGE', KEYS[2 * each - 1], 0, length - 1) == head
    and (redis.call('GET', KEYS[2 * each]) or '') == admission
  if same then
    redis.call('SET', KEYS[2 * each - 1], presence, 'PX', ARGV[1])
  end
  answers[each] = same and 1 or 0
end
return answers

-- KEYS: stream.  ARGV: group.  Returns how many entries are pending or were never delivered; of more than 1,000 waiting
-- all that are in the stream.
if redis.call('EXISTS', KEYS[1]) == 0 then return 0 end
for _, row in ipairs(redis.call('XINFO', 'GROUPS', KEYS[1])) do
  local group = {}
  for i = 1, #row, 2 do group[row[i]] = row[i + 1] end
  if group['name'] == ARGV[1] then
    local waiting = redis.call('XRANGE', KEYS[1], '(' .. group['last-delivered-id'], '+', 'COUNT', 1000)
    if #waiting == 1000 then return redis.call('XLEN', KEYS[1]) end
    return group['pending'] + #waiting
  end
end
return 0

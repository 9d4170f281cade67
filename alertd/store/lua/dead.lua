-- Sets an entry of a stream aside; an article's oldest parked copy takes its place.
-- KEYS: 1 its stream, 2 dead, 3 tries, 4 parked, 5 articles, 6 tagged, 7 root, 8 open mark
-- ARGV: 1 group, 2 id in the stream, 3 stage, 4 article's id ("" when it is none), 5 error, 6 payload, 7 seq, 8 life of
--       the stand-in's mark in s, 9 prefix of tags, 10 name of the field that the payload was, 11 the other fields, as JSON
-- Returns the id of the copy that takes its place, or "".
if redis.replicate_commands then redis.replicate_commands() end
local successor = ''
-- also when it was acknowledged before: a parked copy that is tried beside its original leaves no tries behind
redis.call('HDEL', KEYS[3], ARGV[2])
if redis.call('XACK', KEYS[1], ARGV[1], ARGV[2]) == 0 then return successor end
local time = redis.call('TIME')
redis.call('XADD', KEYS[2], '*', 'stage', ARGV[3], 'article', ARGV[4], 'error', ARGV[5], 'payload', ARGV[6],
  'at', time[1], 'field', ARGV[10], 'rest', ARGV[11])
if ARGV[4] == '' then return successor end
if ARGV[3] == 'tag' then redis.call('XADD', KEYS[6], '*', 'seq', ARGV[7], 'gap', '1') end
local waiting = redis.call('LRANGE', KEYS[4], 0, -1)
for i, bundle in ipairs(waiting) do
  local copy = cjson.decode(bundle)
  local article = cjson.decode(copy.article)
  if i == 1 then successor = article.id end
  -- tagged anew: the first as an original, the others as its copies
  redis.call('DEL', ARGV[9] .. article.id)
  redis.call('XADD', KEYS[5], '*', 'seq', copy.seq, 'again', copy.article, 'fp', copy.fp,
    'copy', i == 1 and '' or successor)
end
redis.call('DEL', KEYS[4], KEYS[8])
redis.call('SET', KEYS[7], successor, 'EX', ARGV[8])
return successor

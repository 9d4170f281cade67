-- Passes a copy on when its original is decided, parks it while that is under way; a copy of an original that died or is
-- remembered no more has to be tagged.
-- KEYS: 1 articles, 2 tagged, 3 tags of the copy, 4 decision of the original, 5 parked copies of the original, 6 root,
--       7 tags of the original, 8 open mark of the original
-- ARGV: 1 entry's id in the stream, 2 life of marks in s, 3 seq, 4 article, 5 fingerprint, 6 article's id, 7 original
-- Returns {"passed", "parked" or "done", ""}, or {"orphan", id of the original's stand-in, "" when it is this one}. An
-- entry that is not pending was passed on before, or is not known here: a server that took over and lacks the copy will
-- be given it anew.
if redis.replicate_commands then redis.replicate_commands() end
if #redis.call('XPENDING', KEYS[1], 'tag', ARGV[1], ARGV[1], 1) == 0 then return {'done', ''} end
local outcome = 'done'
if redis.call('EXISTS', KEYS[3]) == 0 then
  local stand_in = redis.call('GET', KEYS[6])
  local decided = redis.call('EXISTS', KEYS[4], KEYS[7]) == 2
  local open = redis.call('EXISTS', KEYS[8]) == 1
  if stand_in == '' or (not stand_in and not decided and not open) then
    redis.call('SET', KEYS[6], ARGV[6], 'EX', ARGV[2])
    return {'orphan', ''}
  end
  if stand_in == ARGV[6] then return {'orphan', ''} end
  if stand_in then return {'orphan', stand_in} end
  redis.call('SET', KEYS[3], 'copy', 'EX', ARGV[2])
  if decided then
    redis.call('XADD', KEYS[2], '*', 'seq', ARGV[3], 'article', ARGV[4], 'fp', ARGV[5], 'tags', '')
    outcome = 'passed'
  else
    -- no expiry: however long the daemon stands still, the original's decision or death releases it
    redis.call('RPUSH', KEYS[5], cjson.encode({seq = ARGV[3], article = ARGV[4], fp = ARGV[5]}))
    redis.call('XADD', KEYS[2], '*', 'seq', ARGV[3], 'gap', ARGV[7])
    outcome = 'parked'
  end
end
redis.call('XACK', KEYS[1], 'tag', ARGV[1])
return {outcome, ''}

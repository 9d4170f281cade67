-- Takes a claim back that is known not to have been posted, and pauses the channel when Slack asked for it.
-- KEYS: 1 lease, 2 sending, 3 pace of the channel
-- ARGV: 1 token, 2 the claim as it was stored, 3 ms of the pause (0: none)
-- Returns 1, or 0 when it is another's by now.
if redis.call('HGET', KEYS[1], 'token') ~= ARGV[1] then return 0 end
if redis.call('GET', KEYS[2]) == ARGV[2] then redis.call('DEL', KEYS[2]) end
if tonumber(ARGV[3]) > 0 then
  local time = redis.call('TIME')
  redis.call('HSET', KEYS[3], 'until', time[1] * 1000 + math.floor(time[2] / 1000) + ARGV[3])
end
return 1

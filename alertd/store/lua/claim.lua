-- Notes what a channel's sender is about to post, when the pace of the channel and of the workspace allow it now.
-- The pace is a generic cell rate algorithm (ITU-T I.371, annex A): `tat` is when the next message would come at an even
-- pace; a burst may be so many messages ahead of it.
-- KEYS: 1 lease, 2 sending, 3 pace of the channel, 4 pace of the workspace, then the alerts
-- ARGV: 1 token, 2 note, 3 ms between two messages to the channel, 4 its burst, 5 and 6 the same for the workspace
-- Returns {"claimed", 0}, {"wait", ms}, {"gone", 0} (not all of them wait here any more: they were taken out, or a server
-- took over that lacks them) or {"fenced", 0}.
if redis.call('HGET', KEYS[1], 'token') ~= ARGV[1] then return {'fenced', 0} end
for i = 5, #KEYS do
  if redis.call('EXISTS', KEYS[i]) == 0 then return {'gone', 0} end
end
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local longest = 0
local function next_of(key, interval, burst)
  local tat = tonumber(redis.call('HGET', key, 'tat') or '0')
  -- what lies further ahead than a burst was written before the clock was set back
  if tat < now or tat > now + interval * burst + 1000 then tat = now end
  local ahead = tat - now - interval * (burst - 1)
  if ahead > longest then longest = ahead end
  return tat + interval
end
local paused = tonumber(redis.call('HGET', KEYS[3], 'until') or '0')
if paused > now and paused <= now + 3600000 then longest = paused - now end
local channel = next_of(KEYS[3], tonumber(ARGV[3]), tonumber(ARGV[4]))
local workspace = next_of(KEYS[4], tonumber(ARGV[5]), tonumber(ARGV[6]))
if longest > 0 then return {'wait', math.ceil(longest)} end
redis.call('HSET', KEYS[3], 'tat', channel)
redis.call('HSET', KEYS[4], 'tat', workspace)
redis.call('SET', KEYS[2], ARGV[2])
return {'claimed', 0}

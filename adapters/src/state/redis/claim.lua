-- Claims a call: a newer epoch than any before, by the store's clock and by what it remembers.
-- KEYS session. ARGV ms to keep a session, ms to keep an ended one. Returns the whole session.
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local kept = ARGV[1]
local previous = redis.call('HGET', KEYS[1], 'epoch')
if previous then
  local epoch = math.max(tonumber(previous) + 1, now)
  redis.call('HSET', KEYS[1], 'epoch', string.format('%.0f', epoch))
  redis.call('HINCRBY', KEYS[1], 'resumes', 1)
  if redis.call('HGET', KEYS[1], 'status') == 'ended' then
    kept = ARGV[2]
  else
    redis.call('HSET', KEYS[1], 'status', 'reserved')
    redis.call('HDEL', KEYS[1], 'next')
  end
else
  redis.call('HSET', KEYS[1], 'epoch', string.format('%.0f', now), 'status', 'reserved', 'resumes', 0)
end
redis.call('PEXPIRE', KEYS[1], kept)
return redis.call('HGETALL', KEYS[1])

-- Notes that a worker was given a call now, if its lease is in force. KEYS lease.
if redis.call('EXISTS', KEYS[1]) == 1 then
  local time = redis.call('TIME')
  redis.call('HSET', KEYS[1], 'assigned', string.format('%.0f', time[1] * 1000 + math.floor(time[2] / 1000)))
end

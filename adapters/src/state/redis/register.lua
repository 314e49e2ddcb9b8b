-- Puts a worker into the pool. When it was last given a call outlives a new record.
-- KEYS lease, names. ARGV boot, record, ms of the lease, name, ms to keep the names.
redis.call('HSET', KEYS[1], 'boot', ARGV[1], 'record', ARGV[2])
redis.call('PEXPIRE', KEYS[1], ARGV[3])
redis.call('SADD', KEYS[2], ARGV[4])
redis.call('PEXPIRE', KEYS[2], ARGV[5])

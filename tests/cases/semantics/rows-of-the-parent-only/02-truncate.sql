TRUNCATE ONLY concerts;
UPDATE ONLY events SET venue_id = NULL WHERE id = 2;

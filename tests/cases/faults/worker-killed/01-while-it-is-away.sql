UPDATE lines SET order_id = 1 + (id * 7) % 50;
DELETE FROM lines WHERE id % 11 = 0;

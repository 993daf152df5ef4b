ALTER TABLE lines DROP CONSTRAINT lines_order_id_fkey;
INSERT INTO lines VALUES (3, 1, 'c'), (4, 99, 'nobody''s');

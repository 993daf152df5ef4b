-- session: short
INSERT INTO lines VALUES (3, 3, 'for an order that nobody sees yet');
DELETE FROM lines WHERE id = 2;
-- session: long
SAVEPOINT a;
UPDATE lines SET order_id = 1 WHERE id = 1;

UPDATE cities SET name = 'Bergen', twinned = '["Kiel"]' WHERE id = 1;
UPDATE cities SET name = 'Nowhere' WHERE id = 3;
DELETE FROM members WHERE customer_id = 1;
INSERT INTO members VALUES (2);
UPDATE tags SET name = 'navy' WHERE id = 2;

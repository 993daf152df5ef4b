BEGIN;
INSERT INTO lines VALUES (5, 5, 'early');
INSERT INTO orders VALUES (5, 'late');
COMMIT;

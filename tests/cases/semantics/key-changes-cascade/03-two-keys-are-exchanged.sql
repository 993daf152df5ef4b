BEGIN;
UPDATE orders SET code = 'X' WHERE code = 'B';
UPDATE orders SET code = 'B', note = 'was a' WHERE code = 'C';
UPDATE orders SET code = 'C' WHERE code = 'X';
COMMIT;

UPDATE orders SET code = 'C' WHERE code = 'B';
DELETE FROM orders WHERE code = 'A';

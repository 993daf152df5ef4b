-- The long value stays as it is, so it is not in the log again.
UPDATE orders SET code = 'C' WHERE code = 'A';

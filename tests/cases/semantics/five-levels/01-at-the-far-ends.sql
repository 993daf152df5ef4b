UPDATE serials SET code = 't1' WHERE id = 1;
UPDATE regions SET name = 'North' WHERE id = 1;

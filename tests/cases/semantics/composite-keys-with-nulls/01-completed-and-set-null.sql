UPDATE shops SET city = 'b|c' WHERE id = 2;
DELETE FROM places WHERE name = 'first';
UPDATE places SET city = 'x' WHERE name = 'empty';

ALTER TYPE address RENAME ATTRIBUTE city TO town;
UPDATE people SET home.town = 'e' WHERE id = 3;

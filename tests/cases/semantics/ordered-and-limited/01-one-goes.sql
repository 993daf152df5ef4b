DELETE FROM scores WHERE id = 2;

DELETE FROM scores WHERE id > 3;

UPDATE addresses SET city = 'Bergen' WHERE id = 2;

UPDATE entries SET account_id = 2, amount = -amount WHERE id IN (1, 3);

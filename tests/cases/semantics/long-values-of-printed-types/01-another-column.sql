UPDATE docs SET n = n + 1;
UPDATE bits SET n = n + 1;

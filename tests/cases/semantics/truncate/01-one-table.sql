TRUNCATE notes;

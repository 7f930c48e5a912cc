-- What is meant for few is looked through apart, where several words may be spread over both.
create index case_words_internal on case_words using gin (words) where internal;

# make demo   installs what is missing, builds, ingests the sample corpus and answers queries
# make test   installs what is missing and passes the tests

mod against_aws;
mod answers;
mod sigv4;
mod urls;
mod xml;

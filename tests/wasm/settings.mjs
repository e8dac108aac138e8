// What the tests are told by their environment.

const { DATASHARD_S3_ENDPOINT, DATASHARD_S3_BUCKET, DATASHARD_S3_ACCESS_KEY, DATASHARD_S3_SECRET_KEY } = process.env;

export const setting = {
  endpoint: DATASHARD_S3_ENDPOINT,
  bucket: DATASHARD_S3_BUCKET,
  accessKeyId: DATASHARD_S3_ACCESS_KEY,
  secretAccessKey: DATASHARD_S3_SECRET_KEY,
};

/** The folder of the package under test. */
export const module = new URL("../../pkg-config/dist/", import.meta.url);

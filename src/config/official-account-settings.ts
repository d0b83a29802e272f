import { Type } from 'typebox'

/** The service account's settings: what its console and WeChat's know of each other. */
export const officialAccountSettings = {
  OA_APPID: Type.Optional(
    Type.String({
      pattern: '^wx[0-9a-z]{16}$',
      description: "your service account's AppID: wx and 16 letters and digits",
    }),
  ),
  OA_SECRET: Type.Optional(
    Type.String({
      pattern: '^[0-9A-Za-z_-]{16,64}$',
      description: "your service account's AppSecret: 32 letters and digits",
    }),
  ),
  OA_TOKEN: Type.Optional(
    Type.String({
      pattern: '^[0-9A-Za-z]{3,32}$',
      description: 'the Token of 消息与事件推送: 3 to 32 letters and digits',
    }),
  ),
  OA_AES_KEY: Type.Optional(
    Type.String({
      pattern: '^[0-9A-Za-z]{43}$',
      description: 'the EncodingAESKey of 消息与事件推送: 43 letters and digits',
    }),
  ),
  OA_UNFOLLOW: Type.Union([Type.Literal('keep'), Type.Literal('forget')], {
    default: 'keep',
    description: 'keep or forget',
  }),
}
